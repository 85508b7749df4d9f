import { useId, useState } from 'preact/hooks';
import { plural } from '../format.js';
import { useDeed } from '../hub/deed.js';
import { jsonProblem, publishBody } from '../json.js';
import { Trouble } from './trouble.js';

interface Published {
  readonly id: string;
  readonly recipients: number;
  readonly duplicate?: boolean;
}

/** Publishes one event, whose JSON is checked before it leaves. */
export function PublishForm({ channel }: { channel: string }) {
  const [type, setType] = useState('');
  const [data, setData] = useState('{"test": true}');
  const [checked, setChecked] = useState<string | null>(null);
  const { busy, done, problem, run } = useDeed<Published>();
  const id = useId();
  const publish = (event: Event) => {
    event.preventDefault();
    const wrong = jsonProblem(data);
    setChecked(wrong);
    if (wrong === null && !busy) void run('publish', { method: 'POST', body: publishBody(channel, type, data) });
    else document.getElementById(`${id}-data`)?.focus();
  };
  return (
    <form class="publish" onSubmit={publish} aria-labelledby={`${id}-title`} autocomplete="off">
      <h3 id={`${id}-title`}>Publish a test event</h3>
      <p class="field">
        <label for={`${id}-type`}>
          Type <span class="aside">optional</span>
        </label>
        <input
          id={`${id}-type`}
          class="code"
          value={type}
          spellcheck={false}
          autocapitalize="off"
          onInput={(event) => setType(event.currentTarget.value)}
        />
      </p>
      <p class="field">
        <label for={`${id}-data`}>
          Data <span class="aside">JSON</span>
        </label>
        <textarea
          id={`${id}-data`}
          class="code"
          rows={4}
          value={data}
          spellcheck={false}
          aria-invalid={checked !== null}
          aria-describedby={`${id}-wrong`}
          onInput={(event) => {
            setData(event.currentTarget.value);
            if (checked !== null) setChecked(jsonProblem(event.currentTarget.value));
          }}
        />
        <span id={`${id}-wrong`} class="trouble" role="alert">
          {checked}
        </span>
      </p>
      <p class="actions">
        <button type="submit" class="primary" aria-disabled={busy}>
          Publish
        </button>
        <span role="status" class="aside">
          {done && `Published to ${plural(done.recipients, 'stream')}.`}
        </span>
      </p>
      <Trouble problem={problem} />
    </form>
  );
}
