import { type FormEvent, useState } from 'react';
import { useTidings } from './hub.js';

const EXAMPLES = {
  jobs: ['job_started', '{"id": 7}'],
  'pending-changes': ['manifest_changed', '{"project_folder": "holidays", "timestamp": "10:00"}'],
  'room:1': ['door', '{"open": true}'],
} as const;

/** Publishes by the client's own `request`, and shows what the hub answers. */
export function Publish() {
  const hub = useTidings();
  const [channel, setChannel] = useState<string>('jobs');
  const [type, setType] = useState<string>(EXAMPLES.jobs[0]);
  const [data, setData] = useState<string>(EXAMPLES.jobs[1]);
  const [said, say] = useState('');

  const choose = (name: string) => {
    setChannel(name);
    const example = EXAMPLES[name as keyof typeof EXAMPLES];
    if (!example) return;
    setType(example[0]);
    setData(example[1]);
  };
  const publish = async (event: FormEvent) => {
    event.preventDefault();
    try {
      const body = JSON.stringify({ channel, type, data: JSON.parse(data) });
      const answer = await hub.request('publish', { method: 'POST', body });
      say(`${answer.status} ${await answer.text()}`);
    } catch (error) {
      say(String(error));
    }
  };
  return (
    <section className="card">
      <h2>Publish</h2>
      <form onSubmit={publish}>
        <label>
          channel
          <input value={channel} list="channels" onChange={({ target }) => choose(target.value)} />
        </label>
        <datalist id="channels">
          {Object.keys(EXAMPLES).map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <label>
          type
          <input value={type} onChange={({ target }) => setType(target.value)} />
        </label>
        <label className="wide">
          data (JSON)
          <textarea rows={3} value={data} spellCheck={false} onChange={({ target }) => setData(target.value)} />
        </label>
        <button type="submit" className="main">
          Publish
        </button>
      </form>
      <output className="hint">{said}</output>
    </section>
  );
}
