import { useEffect, useId, useState } from 'preact/hooks';
import { FIRST_PAGE, useRoute } from '../routing.js';
import { shown } from '../text.js';

const SETTLED_AFTER_MS = 250;

/** A field that is a parameter of the address, applied once the typing has settled. */
export function Filter({ name, label, hint = '' }: { name: string; label: string; hint?: string }) {
  const { route, go } = useRoute();
  const given = route.params[name] ?? '';
  const [typed, setTyped] = useState(given);
  const id = useId();
  useEffect(() => setTyped(given), [given]);
  useEffect(() => {
    if (typed === given) return;
    const timer = setTimeout(() => go({ [name]: typed, ...FIRST_PAGE }, { quiet: true }), SETTLED_AFTER_MS);
    return () => clearTimeout(timer);
  }, [typed, given, name, go]);
  return (
    <p class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="search"
        value={typed}
        placeholder={hint}
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
    </p>
  );
}

export function Choice({
  name,
  label,
  all,
  values,
}: {
  name: string;
  label: string;
  all: string;
  values: readonly string[];
}) {
  const { route, go } = useRoute();
  const id = useId();
  const given = route.params[name] ?? '';
  const offered = given === '' || values.includes(given) ? values : [...values, given];
  return (
    <p class="field">
      <label for={id}>{label}</label>
      <select id={id} value={given} onChange={(event) => go({ [name]: event.currentTarget.value, ...FIRST_PAGE })}>
        <option value="">{all}</option>
        {offered.map((value) => (
          <option key={value} value={value}>
            {shown(value, 40).text}
          </option>
        ))}
      </select>
    </p>
  );
}
