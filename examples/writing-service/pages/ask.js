/** Asks the service; rejects with the words that it refuses with. */
export async function ask(method, path, body, signal) {
  const answer = await fetch(`/api/${path}`, {
    method,
    signal,
    ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail);
  return said;
}
