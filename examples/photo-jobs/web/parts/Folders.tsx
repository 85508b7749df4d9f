import { type SubmitEvent, useState } from 'react';
import type { Shelf } from '../api';
import { count } from '../words';

/** As the server takes it. */
const NAME = '[a-z0-9][a-z0-9\\-]{0,63}';

export function Folders(props: {
  readonly folders: readonly Shelf[];
  readonly current: string;
  readonly open: (name: string) => void;
}) {
  const { folders, current, open } = props;
  const [name, setName] = useState('');
  const known = folders.some(({ project_folder }) => project_folder === current);
  const shelves = known ? folders : [...folders, { project_folder: current, photos: 0 }];

  const make = (event: SubmitEvent) => {
    event.preventDefault();
    open(name);
    setName('');
  };

  return (
    <nav aria-label="Folders" className="folders">
      <ul>
        {shelves.map(({ project_folder, photos }) => (
          <li key={project_folder}>
            <button
              type="button"
              aria-current={project_folder === current ? 'page' : undefined}
              onClick={() => open(project_folder)}
            >
              {project_folder} <span className="count">{count(photos, 'photo')}</span>
            </button>
          </li>
        ))}
      </ul>
      <form onSubmit={make}>
        <label htmlFor="new-folder">New folder</label>
        <input
          id="new-folder"
          value={name}
          required
          pattern={NAME}
          placeholder="autumn-2026"
          title="Small letters, digits and hyphens"
          autoComplete="off"
          onChange={({ target }) => setName(target.value.toLowerCase().replaceAll(' ', '-'))}
        />
        <button type="submit">Open</button>
      </form>
    </nav>
  );
}
