import { plural } from './format.js';
import type { Moment } from './hub/types.js';
import { reason, type Tone } from './words.js';

export interface Told {
  readonly words: string;
  readonly detail: string;
  readonly tone: Tone;
}

/** An entry of a connection's timeline, in words. One that is not known here is told as the hub names it. */
export function moment({ at: _at, what, ...more }: Moment): Told {
  const number = (name: string) => (typeof more[name] === 'number' ? (more[name] as number) : null);
  const text = (name: string) => (typeof more[name] === 'string' ? (more[name] as string) : '');
  const channels = () => {
    const many = number('channels');
    return many === null ? '' : plural(many, 'channel');
  };
  const on = () => (channels() === '' ? '' : `on ${channels()}`);
  switch (what) {
    case 'opened':
      return { words: 'Opened', detail: '', tone: 'calm' };
    case 'replayed':
      return { words: 'Caught up', detail: plural(number('events') ?? 0, 'missed event'), tone: 'calm' };
    case 'subscribed':
      return { words: 'Subscribed', detail: channels(), tone: 'calm' };
    case 'unsubscribed':
      return { words: 'Unsubscribed', detail: channels(), tone: 'calm' };
    case 'refreshed':
      return { words: 'Token renewed', detail: '', tone: 'calm' };
    case 'gap':
      return { words: 'Came too late for some events', detail: on(), tone: 'chosen' };
    case 'lagged':
      return { words: 'Fell behind, and lost events', detail: on(), tone: 'wrong' };
    case 'left_out':
      return { words: '…', detail: `${plural(number('entries') ?? 0, 'entry', 'entries')} not kept`, tone: 'calm' };
    case 'closed':
      return {
        words: `Closed: ${text('reason')}`,
        detail: reason(text('reason')).words,
        tone: reason(text('reason')).tone,
      };
    default:
      return {
        words: what,
        detail: Object.entries(more)
          .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
          .join(', '),
        tone: 'calm',
      };
  }
}
