/** An element with properties, attributes (`aria-…`, `data-…`) and what stands in it. */
export function make(tag, given = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.includes('-')) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...inside);
  return element;
}

/** Changes what is there only where it says something else. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export const clock = (ms) => new Date(ms).toLocaleTimeString();
