"""Words of calendars, as tests/golden/make_calendar_words.py takes them from CLDR and the zone database.

All are in lower case and without accents; do not edit.
"""

from __future__ import annotations

# January first: what the month is called in any language but Croatian
NAMES: tuple[str, ...] = (
    (
        "ean eanair ene enero gen gener gennaio ian ianuarie ion ionawr jaan jaanuar jaenner jan "
        "janar janeiro jannar janner jannewaris januar januara januari januarie january janv "
        "janvaris janvier jenner led leden ledna oca ocak saus sausio sausis schan schaner sty "
        "styczen stycznia tammi tammikuu tammikuuta urt urtarrila xan xaneiro yan yanvar ιαν "
        "ιανουαριοσ ιανουαριου сту студзень студзеня січ січень січня янв январ январь января яну "
        "януари јан јанвар јануар јануари қаң қаңтар հնվ հունվար հունվարի ינואר يناير ژانویه იან "
        "იანვარი"
    ),
    (
        "chw chwef chwefror favr favrer feabh feabhra feb febbraio feber febr febreiro febrer "
        "febrero febrewaris februar februara februari februarie februaris february fev fevereiro "
        "fevr fevral fevrier fra frar helmi helmikuu helmikuuta lut lutego luty ots otsaila peb "
        "pebrero shk shkurt sub subat uno unor unora vas vasario vasaris veebr veebruar φεβ "
        "φεβρουαριοσ φεβρουαριου ақп ақпан лют лютага лютии лютого люты феб фебруар фев февр феврал "
        "февраль февраля февруари փետրվար փետրվարի փտվ פברואר فبراير فوریه თებ თებერვალი"
    ),
    (
        "bre brezen brezna kov kovas kovo maalis maaliskuu maaliskuuta maart mac machi mae maerz "
        "mar marc marca march marcius marco marec maret mars marso mart marta martie marts martxoa "
        "marz marzec marzo marzu maw mawrth mrt mrz μαρ μαρτιοσ μαρτιου бер березень березня мар "
        "март марта нау наурыз сак сакавік сакавіка մարտ մարտի մրտ מרץ مارس მარ მარტი"
    ),
    (
        "abr abrell abril aib aibrean api apirila apr aprel april aprila aprile aprili aprilie "
        "aprilis aprill avr avrigl avril bal balandis balandzio dub duben dubna ebr ebrill huhti "
        "huhtikuu huhtikuuta kwi kwiecien kwietnia nis nisan pri prill απρ απριλιοσ απριλιου апр "
        "апрел апрель апреля април квіт квітень квітня кра красавік красавіка сәу сәуір ապր ապրիլ "
        "ապրիլի אפריל ابريل اوریل აპრ აპრილი"
    ),
    (
        "beal bealtaine geg geguze geguzes kve kveten kvetna maaie mag maggio mai maiatza maig "
        "maijs maio maj maja majus matg may mayis mayo mee mei mej mejju touko toukokuu toukokuuta "
        "μαι μαιοσ μαιου маи мам мамыр мая мај трав травень травня մայիս մայիսի մյս מאי مايو مه მაი "
        "მაისი"
    ),
    (
        "birz birzelio birzelis cerven cervna cvn cze czerwca czerwiec eka ekaina giu giugno gun "
        "gunju haz haziran hun hunyo iun iunie iyn iyun juin jun juna june junho juni junie junij "
        "junijs junio junius juny juuni kesa kesakuu kesakuuta meh mehefin meith meitheamh qer "
        "qershor xuno zercl zercladur ιουν ιουνιοσ ιουνιου июн июнь июня ијн ијун мау маусым черв "
        "червень червня чэр чэрвень чэрвеня юни јун јуни հնս հունիս հունիսի יוני يونيو ژوين ივნ "
        "ივნისი"
    ),
    (
        "cervence cervenec cvc fan fanadur gor gorff gorffennaf heina heinakuu heinakuuta hul hulyo "
        "iuil iul iulie iyl iyul juil juillet jul jula julai julho juli julie julij julijs julio "
        "juliol julius july juuli korr korrik liep liepa liepos lip lipca lipiec lug luglio lul "
        "lulju tem temmuz uzt uztaila xul xullo ιουλ ιουλιοσ ιουλιου июл июль июля ијл ијул лип "
        "липень липня ліп ліпень ліпеня шіл шілде юли јул јули հլս հուլիս հուլիսի יולי يوليو ژويیه "
        "ივლ ივლისი"
    ),
    (
        "abu abuztua ago agost agosti agosto agu agust agustos agustus aout aug august augusta "
        "augusti augusts augustus augusztus avg avgust avq avqust avust awst aww awwissu elo elokuu "
        "elokuuta gush gusht lun lunasa ogo ogos rugp rugpjucio rugpjutis sie sierpien sierpnia srp "
        "srpen srpna αυγ αυγουστοσ αυγουστου авг август августа жні жнівень жніуня серп серпень "
        "серпня там тамыз օգոստոս օգոստոսի օգս אוגוסט اغسطس اوت აგვ აგვისტო"
    ),
    (
        "eyl eylul ira iraila medi mfomh rugs rugsejis rugsejo sen sentabr sentyabr sep sept "
        "septemba septembar september septembra septembre septembrie septembris septiembre "
        "septimber set setembre setembro sett settember settembre settembru setyembre sht shtator "
        "syys syyskuu syyskuuta szept szeptember wrz wrzesien wrzesnia zar zari σεπ σεπτεμβριοσ "
        "σεπτεμβριου вер верасень верасня вересень вересня сен сент сентябр сентябрь сентября "
        "сентјабр сеп септембар септември қыр қыркүиек սեպ սեպտեմբեր սեպտեմբերի ספטמבר سبتمبر "
        "سپتامبر სექ სექტემბერი"
    ),
    (
        "dfomh eki ekim hyd hydref loka lokakuu lokakuuta oct october octobre octombrie octubre okt "
        "oktabr oktoba oktobar oktober oktobra oktobris oktoober oktubre oktyabr ott ottobre "
        "ottubru out outubro paz pazdziernik pazdziernika rij rijen rijna spal spalio spalis tet "
        "tetor urr urria οκτ οκτωβριοσ οκτωβριου жовт жовтень жовтня кас кастрычнік кастрычніка окт "
        "октобар октомври октябр октябрь октября октјабр қаз қазан հոկ հոկտեմբեր հոկտեմբերի אוקטובר "
        "اكتوبر اکتبر ოქტ ოქტომბერი"
    ),
    (
        "aza azaroa kas kasim lapkr lapkricio lapkritis lis listopad listopada listopadu marras "
        "marraskuu marraskuuta nen nentor nob nobyembre noiembrie nov novemba novembar november "
        "novembra novembre novembris novembro novembru noviembre novimber noy noyabr samh samhain "
        "tach tachwedd νοε νοεμβριοσ νοεμβριου лист листопад листопада ліс лістапад лістапада нов "
        "новембар ное ноември ноя нояб ноябр ноябрь ноября ној нојабр қар қараша նոյ նոյեմբեր "
        "նոյեմբերի נובמבר نوامبر نوفمبر ნოე ნოემბერი"
    ),
    (
        "abe abendua ara aralik dec decembar december decembra decembre decembrie decembris "
        "decembro dek dekabr des desemba desember desembre desimber dets detsember dez dezember "
        "dezembro dhj dhjetor dic dicembre dicembru diciembre dis disember disyembre gru grudnia "
        "grudzien gruod gruodis gruodzio joulu joulukuu joulukuuta noll nollaig pro prosince "
        "prosinec rhag rhagfyr δεκ δεκεμβριοσ δεκεμβριου груд грудень грудня дек декабр декабрь "
        "декабря декември дец децембар жел желтоқсан сне снежань снежня դեկ դեկտեմբեր դեկտեմբերի "
        "דצמבר دسامبر ديسمبر დეკ დეკემბერი"
    ),
)
# and in Croatian, some of whose names are those of other months in Czech and Polish
CROATIAN_NAMES: tuple[str, ...] = (
    ("sij sijecanj sijecnja"),
    ("velj veljaca veljace"),
    ("ozu ozujak ozujka"),
    ("tra travanj travnja"),
    ("svi svibanj svibnja"),
    ("lip lipanj lipnja"),
    ("srp srpanj srpnja"),
    ("kol kolovoz kolovoza"),
    ("ruj rujan rujna"),
    ("lis listopad listopada"),
    ("stu studeni studenoga"),
    ("pro prosinac prosinca"),
)
# am and pm where letters are no Latin ones
HALVES: dict[str, str] = {
    "μ.μ.": "pm",
    "μμ": "pm",
    "π.μ.": "am",
    "πμ": "am",
    "ب.ظ.": "pm",
    "بعدازظهر": "pm",
    "ب\u200cظ": "pm",
    "صباحا": "am",
    "ق.ظ.": "am",
    "قبل\u200cازظهر": "am",
    "ق\u200cظ": "am",
    "مساء": "pm",
    "오전": "am",
    "오후": "pm",
    "上午": "am",
    "下午": "pm",
    "午前": "am",
    "午後": "pm",
}
# what a quarter is called
QUARTERS: str = (
    "arsfj arsfjorðingur cet cetrtletje ceturksnis ceyrek chorak chwarter ctvrtleti fearnsjier "
    "fjorðungur hiruhilekoa ika k ketv ketvirtis kuartal kv kvartal kvartalet kvt kwart "
    "kwartaal kwartał negyedev nelj neljannes q quartal quarter raithe robo rub stvrtrok suku t "
    "tremujori trim trimestre trimestrul τριμηνο кв квартал тоқсан трим тримесечие тримесечје "
    "тқс чеи чеирек чорак եռամսյակ եռմս רבעון الربع سه ماهه კვ კვარტალი 四半期 季度 분기"
)
# minutes ahead of UTC that a zone's abbreviation stands for, those of most zones first
ABBREVIATIONS: dict[str, tuple[int, ...]] = {
    "acdt": (630,),
    "acst": (570,),
    "adt": (-180,),
    "aedt": (660,),
    "aest": (600,),
    "akdt": (-480,),
    "akst": (-540,),
    "ast": (-240,),
    "awdt": (540,),
    "awst": (480,),
    "bst": (60,),
    "cat": (120,),
    "cdt": (-300, -240, 540),
    "cest": (120,),
    "cet": (60,),
    "chst": (600,),
    "cst": (-360, 480, -300),
    "eat": (180,),
    "edt": (-240,),
    "eest": (180,),
    "eet": (120,),
    "est": (-300,),
    "gmt": (0,),
    "gst": (600,),
    "hdt": (-540,),
    "hkt": (480,),
    "hst": (-600,),
    "idt": (180,),
    "ist": (120, 60, 330),
    "jst": (540,),
    "kst": (540, 510),
    "mdt": (-360,),
    "msd": (240,),
    "msk": (180, 240),
    "mst": (-420,),
    "ndt": (-150,),
    "nst": (-210,),
    "nzdt": (780,),
    "nzst": (720,),
    "pdt": (-420, 540),
    "pkst": (360,),
    "pkt": (300,),
    "pst": (-480, 480),
    "sast": (120,),
    "sst": (-660,),
    "wat": (60,),
    "west": (60,),
    "wet": (0,),
    "wib": (420,),
    "wit": (540,),
    "wita": (480,),
}
# other ways to write some of them
ALIASES: dict[str, str] = {
    "ad": "adt",
    "as": "ast",
    "cd": "cdt",
    "cs": "cst",
    "ed": "edt",
    "es": "est",
    "hae": "edt",
    "hne": "est",
    "md": "mdt",
    "mest": "cest",
    "mesz": "cest",
    "met": "cet",
    "mez": "cet",
    "ms": "mst",
    "oesz": "eest",
    "oez": "eet",
    "pd": "pdt",
    "ps": "pst",
}
# which of several clocks RFC 5322 says that these are
RFC_5322: dict[str, int] = {
    "cdt": -300,
    "cst": -360,
    "edt": -240,
    "est": -300,
    "mdt": -360,
    "mst": -420,
    "pdt": -420,
    "pst": -480,
}
