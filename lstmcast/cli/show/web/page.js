// Shows the row of a picture's table that is nearest to the pointer. Without it the tables say the same.
for (const plot of document.querySelectorAll('.plot[data-x]')) {
  const table = plot.closest('figure').querySelector('table');
  const heads = [...table.tHead.rows[0].cells].map(cell => cell.textContent);
  const rows = table.tBodies[0].rows, last = rows.length - 1;
  const told = JSON.parse(plot.dataset.x);  // the place of each row, or of the first and the last on an even grid
  const at = i => told.length > last ? told[i] : told[0] + (told[1] - told[0]) * i / last;
  const added = name => {
    const part = plot.appendChild(document.createElement('div'));
    part.className = name;
    part.setAttribute('aria-hidden', 'true');
    return part;
  };
  const needle = added('needle'), tip = added('tip');
  const show = display => { needle.style.display = tip.style.display = display; };
  const words = row => [...row.cells].map(cell => cell.textContent)
    .flatMap((text, k) => !text ? [] : [k ? heads[k] + '  ' + text : text]).join('\n');
  const nearest = x => {
    let low = 0, high = last;
    while (high - low > 1) {
      const middle = low + high >> 1;
      if (at(middle) < x) low = middle; else high = middle;
    }
    return x - at(low) < at(high) - x ? low : high;
  };
  plot.addEventListener('pointerleave', () => show(''));
  plot.addEventListener('pointermove', event => {
    const box = plot.getBoundingClientRect(), i = nearest((event.clientX - box.left) / box.width), x = at(i);
    tip.textContent = words(rows[i]);
    show('block');
    needle.style.left = 100 * x + '%';
    const left = x * box.width + (x > .5 ? -tip.offsetWidth - 8 : 8);
    tip.style.left = Math.max(0, Math.min(box.width - tip.offsetWidth, left)) + 'px';
  });
}
// What is folded on a screen is printed.
addEventListener('beforeprint', () => document.querySelectorAll('details').forEach(part => { part.open = true; }));
