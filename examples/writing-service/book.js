// What becomes of a book, one step after the other: the same steps whoever writes it, and however often it is taken up.

const OPENINGS = ['Rain', 'A letter', 'The ferry', 'Salt', 'Two keys', 'The long table', 'Snow', 'A borrowed coat'];
const TURNS = ['at the door', 'before noon', 'without a name', 'from the north', 'and no answer', 'in the archive'];
const SENTENCES = [
  'Nobody had counted on the weather.',
  'She read the line twice and put the page away.',
  'The harbour lights went out one after the other.',
  'What he had kept was not what he had been given.',
  'By evening the house was full of people who waited.',
  'The answer came by the wrong door.',
];
const PARAGRAPHS = 3;
const SENTENCES_EACH = 5;

export const CHAPTERS_MAX = 30;

export const ordered = ({ id, author, title, chapters }) => ({
  id,
  author,
  title,
  chapters,
  step: 0,
  phase: 'queued',
  written: [],
});

/** The book one step on: `outlining`, `writing` once for each chapter, `editing`, `done`. */
export function advanced(book) {
  const step = book.step + 1;
  const written = book.phase === 'writing' ? [...book.written, chapter(book)] : book.written;
  if (step === 1) return { ...book, step, phase: 'outlining' };
  if (written.length < book.chapters) return { ...book, step, written, phase: 'writing' };
  return { ...book, step, written, phase: book.phase === 'editing' ? 'done' : 'editing' };
}

export const isDone = ({ phase }) => phase === 'done';

/**
 * What is published of the step that a book is at. Told again it is the same events with the same ids, so that a hub
 * that has them does nothing. `progress` is the whole state: under its key the hubs keep the latest alone, for whoever
 * comes later. `chapter` is told once for each, and kept.
 */
export function eventsOf(book, channel) {
  const { id, title, chapters, step, phase } = book;
  const written = book.written.map(({ title, words }) => ({ title, words }));
  const progress = {
    channel,
    type: 'progress',
    id: `${id}/${step}`,
    key: id,
    data: { id, title, chapters, step, phase, written },
  };
  const number = written.length;
  const isNew = number > 0 && step === number + 2;
  if (!isNew) return [progress];
  const data = { book: id, title, number, ...written[number - 1] };
  return [{ channel, type: 'chapter', id: `${id}/chapter/${number}`, data }, progress];
}

function chapter({ id, written }) {
  const pick = chooser(`${id} ${written.length}`);
  const paragraph = () => Array.from({ length: SENTENCES_EACH }, () => pick(SENTENCES)).join(' ');
  const text = Array.from({ length: PARAGRAPHS }, paragraph).join('\n\n');
  return { title: `${pick(OPENINGS)} ${pick(TURNS)}`, words: text.split(/\s+/).length, text };
}

/** Chooses the same for the same seed, so that a chapter begun twice is the same chapter. */
function chooser(seed) {
  let state = [...seed].reduce((sum, letter) => (Math.imul(sum, 31) + letter.codePointAt(0)) >>> 0, 7);
  return (list) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return list[Math.floor((state / 2 ** 32) * list.length)];
  };
}
