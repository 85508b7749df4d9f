/** One event of a stream, or what else a blank line ended: then `data` is undefined. */
export interface Block {
  readonly type: string;
  readonly data: string | undefined;
  /** As this block gave it; undefined where it gave none. */
  readonly id: string | undefined;
}

/** One event may have this many characters; the hub's limit is 64 KiB of data, an operator's may be larger. */
const EVENT_CHARS_MAX = 16 * 1024 * 1024;

/**
 * Reads an event stream (HTML §9.2.6) that comes in pieces, cut anywhere. Answers what takes them; it throws where an
 * event grows beyond all bounds. `field` is told of every field as it comes. A byte order mark is the decoder's to take off.
 */
export function parser(
  take: (block: Block) => void,
  field?: (name: string | undefined, value: string) => void,
): (piece: string) => void {
  /** The line that has not ended yet. */
  let held: string[] = [];
  let chars = 0;
  let cut = false;
  let data: string | undefined;
  let id: string | undefined;
  let type = '';

  const line = (text: string) => {
    if (text === '') {
      take({ type: type || 'message', data, id });
      data = id = undefined;
      type = '';
      chars = 0;
    }
    // What begins with a colon is a comment, and has no name.
    const [name, value = ''] = text.split(/: ?(.*)/s);
    if (name === 'data') data = data === undefined ? value : `${data}\n${value}`;
    if (name === 'event') type = value;
    if (name === 'id' && !value.includes('\0')) id = value;
    field?.(name, value);
  };

  return (piece) => {
    // The second half of a CRLF.
    const rest = cut && piece.startsWith('\n') ? piece.slice(1) : piece;
    if (piece !== '') cut = piece.endsWith('\r');
    chars += rest.length;
    if (chars > EVENT_CHARS_MAX) throw new RangeError('an event is too long');
    // A long line in many pieces is put together once.
    held.push(rest);
    if (!/[\r\n]/.test(rest)) return;
    const lines = held.join('').split(/\r\n|\r|\n/);
    held = [lines.pop() ?? ''];
    lines.forEach(line);
  };
}
