/** An element with properties, listeners (`onclick`), attributes (`aria-…`, `data-…`) and what stands in it. */
export function make(tag, given = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.includes('-')) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...inside);
  return element;
}

/** One element for each key, kept as long as its key is there, in order; so focus and scroll stay where they are. */
export function keyed(parent, keys, build, update) {
  const known = new Map([...parent.children].map((element) => [element.dataset.key, element]));
  keys.forEach((key, at) => {
    const element = known.get(key) ?? build(key);
    known.delete(key);
    element.dataset.key = key;
    if (parent.children[at] !== element) parent.insertBefore(element, parent.children[at] ?? null);
    update(element, key);
  });
  for (const element of known.values()) element.remove();
}

/** Changes what is there only where it says something else. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export const plural = (count, one, more = `${one}s`) => `${count} ${count === 1 ? one : more}`;
