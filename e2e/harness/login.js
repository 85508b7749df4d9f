// The login before the monitor, as an operator goes through it.

export const PASSWORD = 'a horse that nobody guesses';

/** Two operators: `ann`, who may everything, and `bob`, who reads. */
export function operators(hash) {
  return [['ann', 'operator'], ['bob', 'read']]
    .map(([name, role]) => `[[admin.operators]]\nname = "${name}"\nrole = "${role}"\npassword = "${hash}"\n`)
    .join('');
}

/** Opens the monitor, logs in, and waits until it is live. */
export async function logIn(page, hub, name, hash = '') {
  await page.goto(`${hub.url}/admin/monitoring${hash}`);
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.locator('#password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).first().click();
  await page.locator('.light[data-state=connected]').waitFor();
}
