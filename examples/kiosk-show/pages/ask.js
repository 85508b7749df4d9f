/** Asks the kiosk; rejects with the words that it refuses with. */
export async function ask(method, path, body) {
  const answer = await fetch(`/api/kiosk/${path}`.replace(/\/$/, ''), {
    method,
    ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail);
  return said;
}
