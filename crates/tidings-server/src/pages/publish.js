// The publish box, and the curl commands that do the same.

import { copy, element, foreign, say } from '/assets/elements.js';
import { plural } from '/assets/words.js';

const COPIED_FOR_MS = 2_000;

/** Wires the form up; `channels()` is what the page listens to. `show` writes the commands anew. */
export function publishBox(form, channels) {
  const { channel, type, data } = form.elements;
  const error = document.getElementById('data-error');
  const result = document.getElementById('publish-result');

  function show() {
    const origin = location.origin;
    const listen = `${origin}/api/sse/stream?channels=${encodeURIComponent(channels()).replaceAll('%2C', ',')}`;
    say(document.getElementById('curl-listen'), `curl -N ${quoted(listen)}`);
    say(
      document.getElementById('curl-publish'),
      `curl ${quoted(`${origin}/api/sse/publish`)} \\\n  -H 'Content-Type: application/json' \\\n  -d ${quoted(body())}`,
    );
    say(document.getElementById('curl-stats'), `curl -s ${quoted(`${origin}/api/sse/stats`)}`);
  }

  // The data goes out as it was typed: parsed and written again, a long number would lose its last digits.
  function body() {
    const fields = [`"channel":${JSON.stringify(channel.value.trim())}`];
    if (type.value.trim()) fields.push(`"type":${JSON.stringify(type.value.trim())}`);
    fields.push(`"data":${data.value.trim() || 'null'}`);
    return `{${fields.join(',')}}`;
  }

  function validate() {
    const wrong = jsonError(data.value);
    say(error, wrong ?? '');
    data.setAttribute('aria-invalid', String(wrong !== null));
    return wrong === null;
  }

  async function publish() {
    channel.setAttribute('aria-invalid', String(!channel.value.trim()));
    if (!validate()) return data.focus();
    if (!channel.value.trim()) {
      channel.focus();
      return tell(result, false, 'Name a channel to publish on, for example jobs.');
    }
    const answer = await fetch('/api/sse/publish', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: body(),
    }).catch(() => null);
    if (!answer) return tell(result, false, 'Not published: the hub cannot be reached.');
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) {
      const readers = plural(told.recipients ?? 0, 'recipient');
      return tell(result, true, 'Published on ', foreign(told.channel ?? ''), ` at offset ${told.offset}: ${readers}.`);
    }
    tell(result, false, `Not published (${answer.status}): `, foreign(told.detail ?? told.title ?? answer.statusText));
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    publish();
  });
  form.addEventListener('input', (event) => {
    event.target.removeAttribute('aria-invalid');
    if (event.target === data) validate();
    show();
  });
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  for (const button of document.querySelectorAll('[data-copies]')) button.addEventListener('click', copyCommand);
  show();
  return { show };
}

async function copyCommand({ currentTarget: button }) {
  const shown = document.getElementById(button.dataset.copies);
  const done = await copy(shown.textContent, shown);
  say(document.getElementById('copied'), done ? 'Copied.' : 'Selected: press Ctrl C to copy.');
  say(button, done ? 'Copied' : 'Press Ctrl C');
  setTimeout(() => say(button, 'Copy'), COPIED_FOR_MS);
}

function tell(result, good, ...words) {
  result.dataset.good = String(good);
  result.replaceChildren(element('span', { class: 'mark', 'aria-hidden': 'true' }, good ? '✓ ' : '✕ '), ...words);
}

/** What is wrong with `text` as JSON, or `null`. */
function jsonError(text) {
  if (!text.trim()) return 'Data is JSON: write null, a string in "quotes", or an object.';
  try {
    JSON.parse(text);
    return null;
  } catch (problem) {
    return `Not JSON: ${problem.message}`;
  }
}

/** One word for a POSIX shell. */
function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
