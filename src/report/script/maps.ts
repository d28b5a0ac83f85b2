// The page's script for attention maps: one is enlarged, with its tokens, and read under the pointer or by keyboard.

/** JavaScript for a browser. Expects `page` (the data that the page holds). */
export const MAPS_SCRIPT = `
const maps = [...document.querySelectorAll('.map')];

/** The levels of a picture of src/report/png.ts, row by row: its pixels inflated, without the filter byte before each row. */
async function levelsOf(uri) {
  const bytes = Uint8Array.from(atob(uri.slice(uri.indexOf(',') + 1)), (character) => character.charCodeAt(0));
  const numbers = new DataView(bytes.buffer);
  const [width, height] = [numbers.getUint32(16), numbers.getUint32(20)];
  let at = 8;
  while (String.fromCharCode(...bytes.subarray(at + 4, at + 8)) !== 'IDAT') at += 12 + numbers.getUint32(at);
  const packed = new Blob([bytes.subarray(at + 8, at + 8 + numbers.getUint32(at))]);
  const stream = packed.stream().pipeThrough(new DecompressionStream('deflate'));
  const rows = new Uint8Array(await new Response(stream).arrayBuffer());
  return { width, height, level: (x, y) => rows[y * (width + 1) + 1 + x] };
}

/** Every how many labels one can be written where each takes so many pixels. */
const stride = (cell) => Math.max(1, Math.ceil(13 / cell));

/** Which labels are written, by position: every so many, or, of times in seconds where many are left out, those at round times. */
function labelsAt(labels, cell) {
  const every = stride(cell);
  const times = labels.map((label) => (/^\\d+(\\.\\d+)?$/.test(label) ? Number(label) : NaN));
  const last = labels.length - 1;
  const isTime = every > 1 && last >= 20 && times.every((time, i) => i === 0 || time > times[i - 1] - 1e-9);
  if (!isTime || !(times[last] > times[0])) return labels.map((text, at) => ({ at, text })).filter(({ at }) => at % every === 0);
  const between = (times[last] - times[0]) / last;
  const size = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find((step) => step >= every * between) ?? 100;
  const found = [];
  for (let k = Math.ceil(times[0] / size); k * size <= times[last] + between / 2; k++) {
    const at = Math.min(last, Math.round((k * size - times[0]) / between));
    found.push({ at, text: String(Number((k * size).toPrecision(6))) + ' s' });
  }
  return found;
}

function enlarge(index) {
  const dialog = document.querySelector('#map-dialog');
  const stage = dialog.querySelector('.stage');
  const reading = dialog.querySelector('.reading');
  const button = maps[index];
  const uri = button.querySelector('img').src;
  const { source, target, largest } = page.attention[Number(button.dataset.example)];
  const [columns, rows] = [source.length, target.length];
  dialog.querySelector('h3').textContent = 'Example ' + (Number(button.dataset.example) + 1) + ', ' + button.dataset.name;
  dialog.dataset.index = index;
  if (!dialog.open) dialog.showModal();

  const room = stage.clientWidth;
  const longest = (labels) => Math.min(16, Math.max(...labels.map((label) => [...label].length)));
  const left = 14 + 7 * longest(target);
  const cellWidth = Math.min(34, Math.max(1, Math.floor(((room - left - 30) / columns) * 100) / 100));
  const cellHeight = Math.min(cellWidth < 8 ? 22 : cellWidth, Math.max(1.5, 620 / rows));
  const top = 16 + (cellWidth < 13 * 4 && columns > 1 ? 5.2 : 6) * longest(source);
  const [width, height] = [left + columns * cellWidth + 30, top + rows * cellHeight + 8];
  stage.replaceChildren();
  const svg = make(stage, 'svg', { width, height, viewBox: '0 0 ' + width + ' ' + height, tabindex: 0, role: 'img' });
  svg.setAttribute('aria-label', 'Attention, ' + button.dataset.name + '; arrow keys read cell by cell');
  make(svg, 'image', { href: uri, x: left, y: top, width: columns * cellWidth, height: rows * cellHeight, preserveAspectRatio: 'none' });
  make(svg, 'rect', { class: 'edge', x: left, y: top, width: columns * cellWidth, height: rows * cellHeight });
  const label = (text, attributes) => {
    const element = make(svg, 'text', attributes);
    element.textContent = [...text].length > 16 ? [...text].slice(0, 15).join('') + '…' : text;
    return element;
  };
  const above = new Map();
  const beside = new Map();
  for (const { at, text } of labelsAt(source, cellWidth)) {
    const x = left + (at + 0.5) * cellWidth + 4;
    above.set(at, label(text, { transform: 'translate(' + x + ' ' + (top - 6) + ') rotate(-55)' }));
  }
  for (const { at, text } of labelsAt(target, cellHeight)) {
    beside.set(at, label(text, { x: left - 7, y: top + (at + 0.5) * cellHeight, dy: '.35em', 'text-anchor': 'end' }));
  }
  const cell = make(svg, 'rect', { class: 'cell', width: cellWidth, height: cellHeight, visibility: 'hidden' });
  const picture = levelsOf(uri);
  let at = [0, 0];
  const read = async (s, t) => {
    at = [Math.min(columns - 1, Math.max(0, s)), Math.min(rows - 1, Math.max(0, t))];
    const [x, y] = at;
    const { level } = await picture;
    if (at[0] !== x || at[1] !== y) return;
    const weight = largest * (level(x, y) / 255) ** 2;
    reading.textContent = target[y] + ' → ' + source[x] + '  ' + weight.toFixed(3);
    cell.setAttribute('x', left + x * cellWidth);
    cell.setAttribute('y', top + y * cellHeight);
    cell.setAttribute('visibility', 'visible');
    for (const [s, text] of above) text.classList.toggle('on', s === x);
    for (const [t, text] of beside) text.classList.toggle('on', t === y);
  };
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    const s = Math.floor((event.clientX - box.left - left) / cellWidth);
    const t = Math.floor((event.clientY - box.top - top) / cellHeight);
    if (s >= 0 && t >= 0 && s < columns && t < rows) read(s, t);
  });
  svg.addEventListener('keydown', (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!move) return;
    event.preventDefault();
    read(at[0] + move[0], at[1] + move[1]);
  });
  reading.textContent = 'target → source, and the weight: point at a cell, or use the arrow keys';
}

if (maps.length > 0) {
  const dialog = document.querySelector('#map-dialog');
  const go = (by) => enlarge((Number(dialog.dataset.index) + by + maps.length) % maps.length);
  maps.forEach((button, i) => button.addEventListener('click', () => enlarge(i)));
  dialog.querySelector('.previous').addEventListener('click', () => go(-1));
  dialog.querySelector('.next').addEventListener('click', () => go(1));
  dialog.querySelector('.close').addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener('close', () => maps[Number(dialog.dataset.index)].focus());
}
`;
