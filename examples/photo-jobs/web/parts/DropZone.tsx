import { useQuery } from '@tanstack/react-query';
import { type DragEvent, useRef, useState } from 'react';
import { fetchLimits } from '../api';
import { useUpload } from '../hooks/useUpload';
import { count, megabytes } from '../words';

/** Photos come in by drag and drop, or by a button; both send the same. */
export function DropZone({ folder }: { readonly folder: string }) {
  const limits = useQuery({ queryKey: ['limits'], queryFn: fetchLimits }).data;
  const { send, sending, refused, dismiss } = useUpload(folder, limits);
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    send([...event.dataTransfer.files]);
  };
  const hover = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };

  return (
    <section aria-label="Upload" className="upload">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button within does the same without a mouse */}
      <div className={over ? 'drop over' : 'drop'} onDragOver={hover} onDragLeave={() => setOver(false)} onDrop={drop}>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          accept={limits?.formats.join()}
          onChange={({ target }) => {
            send([...(target.files ?? [])]);
            target.value = '';
          }}
        />
        <button type="button" className="primary" onClick={() => input.current?.click()} disabled={sending > 0}>
          {sending > 0 ? `Sending ${count(sending, 'photo')} …` : 'Choose photos'}
        </button>
        <p>
          or drop them here.
          {limits && (
            <span className="fine">
              {' '}
              JPEG, PNG or WebP, {megabytes(limits.photo_bytes_max)} each, {limits.photos_per_upload_max} at once.
            </span>
          )}
        </p>
      </div>
      <div role="alert">
        {refused.length > 0 && (
          <div className="refused">
            <p>{count(refused.length, 'photo was', 'photos were')} not taken:</p>
            <ul>
              {refused.map(({ name, detail }, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: two files may have one name, and the list never moves
                <li key={at}>
                  <b>{name}</b>: {detail}
                </li>
              ))}
            </ul>
            <button type="button" className="quiet" onClick={dismiss}>
              Close
            </button>
          </div>
        )}
      </div>
    </section>
  );
}
