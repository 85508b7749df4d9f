// An author's desk. However many tabs of a browser show it, they are one connection; and what it shows of a book is what
// its latest event says, so that a tab that comes late needs no more than that one.

import { createClient } from '@tidings/client';
import { shareTabs } from '@tidings/client/share';
import { ask } from '/pages/ask.js';
import { showBooks } from '/pages/books.js';
import { showFeed } from '/pages/feed.js';
import { showLight, showRefusal } from '/pages/light.js';

const at = (id) => document.getElementById(id);
const HISTORY_LIMIT = 1_000;

const { author, channel } = await ask('GET', 'session');
if (author === null) at('login').hidden = false;
else openDesk();

function openDesk() {
  const books = showBooks(at('books'), at('none'));
  const feed = showFeed(at('feed'));
  const token = async ({ signal }) => (await ask('GET', 'token', undefined, signal)).token;
  // One user's tabs share: another author's must not hear what is told to this one.
  const client = createClient({ url: '', type: 'author', token, share: shareTabs({ key: author }) });

  const heard = ({ type, id, time, data }) => {
    if (type === 'progress') books.take(data);
    if (type === 'chapter') feed.take(id, time, data);
  };
  /** The hub no longer has what was missed: the service itself has the books. */
  const fetchBooks = () => ask('GET', 'books').then(({ books: all }) => books.load(all), said);
  client.subscribe(channel, heard, { onGap: fetchBooks });

  // A tab that joins others hears what comes from now on: what is there already it asks for, once it listens. What comes
  // by both ways is taken once.
  const off = client.status.subscribe(() => {
    if (client.status.getSnapshot().status !== 'connected') return;
    off();
    client
      .request(`history?channel=${encodeURIComponent(channel)}&limit=${HISTORY_LIMIT}`)
      .then((answer) => answer.json())
      .then(({ events }) => {
        events.forEach(heard);
        books.load([]);
      })
      .catch(fetchBooks);
  });

  showLight(at('light'), client);
  const refusal = { box: at('refused'), why: at('refused-why'), by: at('refused-by'), again: at('again') };
  // Until there is a place, the books as they are now.
  showRefusal(refusal, client, fetchBooks);
  at('who').textContent = author;
  at('desk').hidden = false;
}

at('login').addEventListener('submit', (event) => {
  event.preventDefault();
  const given = event.target.elements.namedItem('author').value;
  ask('POST', 'session', { author: given }).then(() => location.reload(), said);
});
at('leave').addEventListener('click', () => {
  ask('DELETE', 'session').then(() => location.reload(), said);
});
at('order').addEventListener('submit', (event) => {
  event.preventDefault();
  const { title, chapters } = event.target.elements;
  at('problem').textContent = '';
  ask('POST', 'books', { title: title.value, chapters: chapters.valueAsNumber }).then(() => event.target.reset(), said);
});

function said(error) {
  at('problem').textContent = error.message;
}
