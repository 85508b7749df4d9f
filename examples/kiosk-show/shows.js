// Shows, their slides, and which display is at which of them: kept in one JSON file, written whole.

import { readFile, rename, writeFile } from 'node:fs/promises';
import { Refusal } from './refusal.js';

const SHOWS_MAX = 50;
const SLIDES_MAX = 100;
const DISPLAYS_MAX = 100;
const NAME_CHARS_MAX = 40;
const TITLE_CHARS_MAX = 120;
const TEXT_CHARS_MAX = 600;
const SECONDS_MAX = 3_600;
const NAME = /^[a-z0-9][a-z0-9-]*$/;
export const LOOKS = ['paper', 'dusk', 'waves', 'sun', 'clock', 'notice'];

export class Shows {
  #file;
  #state;
  #writing = Promise.resolve();

  /** What the file says, or the shows that come with the kiosk where there is none yet. */
  static async open(file) {
    const shows = new Shows();
    shows.#file = file;
    const first = new URL('first-shows.json', import.meta.url);
    const text = await readFile(file, 'utf8').catch((error) => {
      if (error.code === 'ENOENT') return readFile(first, 'utf8');
      throw error;
    });
    const { shows: all, displays } = JSON.parse(text);
    shows.#state = { shows: named(all), displays: named(displays) };
    return shows;
  }

  all = () => this.#state;
  displays = () => Object.keys(this.#state.displays);
  seconds = (display) => this.#state.displays[display]?.seconds ?? 0;

  /** What a display shows now: all that a screen needs, so that the latest one is enough. Null for an unknown one. */
  current(display) {
    const at = this.#state.displays[display];
    if (!at) return null;
    const show = this.#state.shows[at.show];
    return {
      display,
      show: at.show,
      name: show.name,
      index: at.slide,
      of: show.slides.length,
      slide: show.slides[at.slide],
    };
  }

  /** Adds a display, or moves one: to a show, to a slide of it, by some steps round and round, or by itself. */
  setDisplay(display, { show, slide, step, seconds }) {
    const known = this.#state.displays[display];
    if (!known) this.#room('displays', display, DISPLAYS_MAX);
    const next = known ? { ...known } : { show: Object.keys(this.#state.shows)[0], slide: 0, seconds: 0 };
    if (show !== undefined && show !== next.show) {
      if (!this.#state.shows[show]) throw new Refusal(404, `there is no show \`${show}\``);
      Object.assign(next, { show, slide: 0 });
    }
    const { length } = this.#state.shows[next.show].slides;
    if (slide !== undefined) next.slide = whole('slide', slide, 0, length - 1);
    if (step !== undefined) next.slide = (next.slide + whole('step', step, -length, length) + length) % length;
    if (seconds !== undefined) next.seconds = whole('seconds', seconds, 0, SECONDS_MAX);
    this.#state.displays[display] = next;
    this.#save();
  }

  removeDisplay(display) {
    if (!this.current(display)) throw new Refusal(404, `there is no display \`${display}\``);
    delete this.#state.displays[display];
    this.#save();
  }

  /** Adds a show, or replaces one. Answers the displays that are at it. */
  setShow(id, { name, slides }) {
    if (!this.#state.shows[id]) this.#room('shows', id, SHOWS_MAX);
    if (!Array.isArray(slides) || slides.length < 1 || slides.length > SLIDES_MAX) {
      throw new Refusal(400, `a show has 1 to ${SLIDES_MAX} slides`);
    }
    this.#state.shows[id] = { name: text('name', name, NAME_CHARS_MAX) || id, slides: slides.map(parsed) };
    const concerned = this.#showing(id);
    for (const display of concerned) {
      const at = this.#state.displays[display];
      at.slide = Math.min(at.slide, slides.length - 1);
    }
    this.#save();
    return concerned;
  }

  removeShow(id) {
    if (!this.#state.shows[id]) throw new Refusal(404, `there is no show \`${id}\``);
    const [display] = this.#showing(id);
    if (display) throw new Refusal(409, `\`${display}\` shows it: give that display another show first`);
    if (Object.keys(this.#state.shows).length === 1) throw new Refusal(409, 'it is the last show: add another first');
    delete this.#state.shows[id];
    this.#save();
  }

  /** Once all that was changed is on the disk. */
  saved = () => this.#writing;

  #showing = (id) => this.displays().filter((display) => this.#state.displays[display].show === id);

  #room(what, name, max) {
    if (!NAME.test(name) || name.length > NAME_CHARS_MAX) {
      throw new Refusal(400, `\`${name}\` is no name: a–z, 0–9 and -, at most ${NAME_CHARS_MAX}`);
    }
    if (Object.keys(this.#state[what]).length >= max) throw new Refusal(409, `there are ${max} ${what} already`);
  }

  #save() {
    const text = JSON.stringify(this.#state, null, 2);
    // One after the other, and renamed into place: the file is whole at every instant.
    this.#writing = this.#writing
      .then(() => writeFile(`${this.#file}.new`, text))
      .then(() => rename(`${this.#file}.new`, this.#file))
      .catch((error) => console.error(`${this.#file} could not be written: ${error.message}`));
  }
}

/** People choose the names, `constructor` too: nothing may be there that nobody put there. */
const named = (entries) => Object.assign(Object.create(null), entries);

function parsed(slide) {
  const look = slide?.look;
  if (!LOOKS.includes(look)) throw new Refusal(400, `a slide’s look is one of ${LOOKS.join(', ')}`);
  return { look, title: text('title', slide.title, TITLE_CHARS_MAX), text: text('text', slide.text, TEXT_CHARS_MAX) };
}

function text(what, value = '', max) {
  if (typeof value !== 'string' || value.length > max) throw new Refusal(400, `${what}: at most ${max} characters`);
  return value.trim();
}

function whole(what, value, least, most) {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new Refusal(400, `${what}: a whole number from ${least} to ${most}`);
  }
  return value;
}
