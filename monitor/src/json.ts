/** Why the text is no JSON, for whoever typed it; null where it is. */
export function jsonProblem(text: string): string | null {
  if (text.trim() === '') return 'There is nothing here. Give any JSON: an object, a text in quotes, a number, null.';
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const place = /position (\d+)/.exec(String(error))?.[1];
    const said = String((error as Error).message)
      .replace(/^JSON\.parse: /, '')
      .replace(/,? (\.\.\.)?".*?"(\.\.\.)? is not valid JSON$/s, '')
      .replace(/ (in JSON )?at position \d+.*$/s, '');
    return place === undefined ? `${said}.` : `${said}, at ${where(text, Number(place))}.`;
  }
}

/** The body of a publish request, with the data as it was typed: the digits of numbers and the order of members. */
export function publishBody(channel: string, type: string, data: string): string {
  const named = type === '' ? '' : `"type":${JSON.stringify(type)},`;
  return `{"channel":${JSON.stringify(channel)},${named}"data":${data}}`;
}

function where(text: string, position: number): string {
  const lines = text.slice(0, position).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}
