// Checks a file by its checksum first; the file itself leaves the device only when its owner says so.
const place = document.getElementById('answer');
const part = document.getElementById('file-part');
const input = document.getElementById('file');
const drop = document.getElementById('drop');
const texts = JSON.parse(document.body.dataset.texts);
const headers = { 'accept-language': document.body.dataset.language, accept: 'text/html' };
const address = `${location.pathname.replace(/\/+$/, '')}/file`;
let round = 0;

function say(text) {
  const line = document.createElement('p');
  line.className = 'card';
  line.textContent = text;
  place.replaceChildren(line);
}

/** The server's piece of page, of which every text is escaped there. Undefined: no answer. */
async function ask(url, init) {
  try {
    const response = await fetch(url, init);
    const piece = new DOMParser().parseFromString(await response.text(), 'text/html').querySelector('.answer');
    return piece ?? undefined;
  } catch {
    return undefined;
  }
}

async function checksum(file) {
  // Absent where the page came over plain HTTP.
  if (!crypto.subtle) return undefined;
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function show(piece) {
  if (piece) place.replaceChildren(piece);
  else say(texts.offline);
  place.scrollIntoView({ block: 'nearest' });
}

async function send(file, mine) {
  say(texts.working);
  const piece = await ask(address, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/pdf' },
    body: file,
  });
  if (mine === round) show(piece);
}

async function check(file) {
  const mine = ++round;
  say(texts.working);
  const sum = await checksum(file).catch(() => undefined);
  const piece = sum && (await ask(`${address}/${sum}`, { headers }));
  if (mine !== round) return;
  if (sum && !piece) return show(undefined);
  if (piece && piece.dataset.state !== 'unknown') return show(piece);
  const offer = document.createElement('section');
  offer.className = 'card answer offer';
  offer.dataset.state = 'offer';
  const why = document.createElement('p');
  why.textContent = texts.sendWhy;
  const button = document.createElement('button');
  button.textContent = texts.send;
  button.addEventListener('click', () => void send(file, mine));
  offer.append(why, button);
  show(offer);
}

part.hidden = false;
input.addEventListener('change', () => {
  const [file] = input.files;
  if (file) void check(file);
});
for (const name of ['dragenter', 'dragover']) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
}
drop.addEventListener('dragleave', () => drop.classList.remove('over'));
drop.addEventListener('drop', (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  const [file] = event.dataTransfer.files;
  if (file) void check(file);
});
