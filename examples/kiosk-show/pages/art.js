// The drawings behind the slides.

const svg = (inside, box = '0 0 1600 900') =>
  `<svg class="art" viewBox="${box}" preserveAspectRatio="xMidYMid slice" aria-hidden="true">${inside}</svg>`;

const marks = Array.from(
  { length: 12 },
  (_, hour) => `<path d="M0-92v${hour % 3 ? 7 : 13}" transform="rotate(${hour * 30})"/>`,
);
const rays = Array.from({ length: 24 }, (_, ray) => `<path d="M0 0-70-1300H70z" transform="rotate(${ray * 15})"/>`);

/** Scattered, and the same on every screen. */
function stars() {
  let seed = 7;
  const next = (below) => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed % below;
  };
  return Array.from({ length: 90 }, () => `<circle cx="${next(1600)}" cy="${next(500)}" r="${1 + next(20) / 10}"/>`);
}

export const ART = {
  dusk: svg(`
    <g fill="#fff" opacity=".7">${stars().join('')}</g>
    <path d="M1322 122A92 92 0 1 1 1201 246 98 98 0 0 0 1322 122z" fill="#fff3dc"/>
    <path d="M0 640Q220 520 430 610T860 560 1290 640 1600 560V900H0z" fill="#5d2f5e"/>
    <path d="M0 720Q260 620 560 710T1100 690 1600 720V900H0z" fill="#41204e"/>
    <path d="M0 810Q320 730 700 800T1600 790V900H0z" fill="#26123a"/>`),
  waves: svg(`
    <g class="swell"><path d="M-400 520q200-90 400 0t400 0 400 0 400 0 400 0 400 0V900H-400z" fill="#0f6a78"/></g>
    <g class="swell slow"><path d="M-400 620q200-80 400 0t400 0 400 0 400 0 400 0 400 0V900H-400z" fill="#0b5362"/></g>
    <g class="swell"><path d="M-400 730q200-70 400 0t400 0 400 0 400 0 400 0 400 0V900H-400z" fill="#083d4b"/></g>`),
  sun: svg(
    `<g transform="translate(1330 200)"><g class="rays" fill="#ffd25e">${rays.join('')}</g><circle r="210" fill="#ff8a3d"/></g>`,
  ),
  clock: svg(
    `<g fill="none" stroke="currentColor" stroke-linecap="round">
      <circle r="98" stroke-width="2"/><g stroke-width="2.5">${marks.join('')}</g>
      <path class="hour" d="M0 10V-52" stroke-width="6"/><path class="minute" d="M0 14V-80" stroke-width="4"/>
      <path class="second" d="M0 18V-86" stroke="#ff8a3d" stroke-width="1.5"/></g><circle r="4" fill="#ff8a3d"/>`,
    '-320 -125 640 360',
  ),
  paper: svg(
    '<path d="M120 0V900" stroke="#c8452f" stroke-width="3"/><path d="M132 0V900" stroke="#c8452f" stroke-width="1"/>',
  ),
};
