// What the page builds its DOM with. Strings from users are hostile: they only ever become text, never markup, and
// they are isolated, so that a right-to-left override in a name can't rearrange the words around it.

/** `element('td', {class: 'type', title}, child, …)`: attributes, then children; strings become text nodes. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

/** A string that a user chose. */
export function foreign(text, longest = 300) {
  const whole = visible(String(text));
  const cut = whole.length > longest ? `${whole.slice(0, longest)}…` : whole;
  return element('bdi', cut === whole ? {} : { title: whole.slice(0, 2_000) }, cut);
}

/** Writes only what has changed, so that a selection or a screen reader is not disturbed once a second. */
export function say(node, text) {
  const wanted = String(text);
  if (node.textContent !== wanted) node.textContent = wanted;
}

/** Puts `text` on the clipboard; where that is not allowed, selects `shown` so that a key press does it. */
export async function copy(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(shown);
    return false;
  }
}

// Control characters would vanish; their pictures show that they are there.
function visible(text) {
  return text.replace(/[\u0000-\u001f]/g, (character) =>
    character === '\n' || character === '\t' ? character : String.fromCharCode(0x2400 + character.charCodeAt(0)),
  );
}
