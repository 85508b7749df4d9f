// `npm run prove -- prove_browser_matrix`: one proof at full size, or all. What follows the names goes to the proof.

import { readdir } from 'node:fs/promises';

const here = new URL('.', import.meta.url);
const names = (await readdir(here)).filter((file) => /^prove_.*\.js$/.test(file)).map((file) => file.slice(0, -3));
const [asked, words] = [[], []];
for (const word of process.argv.slice(2)) (word.startsWith('prove_') ? asked : words).push(word);
for (const name of asked.filter((one) => !names.includes(one))) throw new Error(`no proof ${name}; there are ${names.join(', ')}`);

for (const name of asked.length > 0 ? asked : names) {
  const { prove } = await import(new URL(`${name}.js`, here));
  await prove(words).catch((problem) => {
    console.log(`${name} does not hold: ${problem.stack}`);
    process.exitCode = 1;
  });
}
