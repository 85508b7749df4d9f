import { useRef, useState } from 'react';
import { type Job, type Manifest, type Photo, remove, thumbnailUrl } from '../api';

export function Gallery(props: {
  readonly folder: string;
  readonly manifest: Manifest | undefined;
  readonly error: Error | null;
  readonly busy: boolean;
  readonly jobs: readonly Job[];
}) {
  const { folder, manifest, error, busy, jobs } = props;
  const [shown, setShown] = useState<Photo | null>(null);
  const viewer = useRef<HTMLDialogElement>(null);
  const photos = [...(manifest?.photos ?? [])].reverse();

  const show = (photo: Photo) => {
    setShown(photo);
    viewer.current?.showModal();
  };

  return (
    <section aria-label={`Photos in ${folder}`} aria-busy={busy}>
      {error && (
        <p className="refused" role="alert">
          The folder can’t be shown: {error.message}
        </p>
      )}
      {manifest && photos.length === 0 && <p className="empty">No photos in {folder} yet.</p>}
      <ul className="gallery">
        {photos.map((photo) => (
          <li key={photo.id} data-id={photo.id} data-status={photo.status}>
            <Tile folder={folder} photo={photo} job={jobs.find(({ id }) => id === photo.id)} show={show} />
          </li>
        ))}
      </ul>
      {/* The viewer's Escape and its button close it; the photo stays until the next one, so that nothing flickers. */}
      <dialog ref={viewer} className="viewer" aria-label={shown?.name}>
        {shown && <Large folder={folder} photo={shown} close={() => viewer.current?.close()} />}
      </dialog>
    </section>
  );
}

interface TileProps {
  readonly folder: string;
  readonly photo: Photo;
  readonly job: Job | undefined;
  readonly show: (photo: Photo) => void;
}

function Tile({ folder, photo, job, show }: TileProps) {
  const { name, status, error } = photo;
  return (
    <figure className={status}>
      {status === 'completed' ? (
        <button type="button" className="open" onClick={() => show(photo)} aria-label={`Open ${name}`}>
          <img
            src={urlOf(folder, photo, 1)}
            srcSet={photo.thumbnails
              .map((thumbnail) => `${thumbnailUrl(folder, thumbnail)} ${thumbnail.width}w`)
              .join()}
            sizes="(max-width: 32rem) 45vw, 14rem"
            width={photo.width}
            height={photo.height}
            loading="lazy"
            alt=""
          />
        </button>
      ) : (
        <div className="blank">{status === 'failed' ? <p>{error}</p> : <Progress job={job} name={name} />}</div>
      )}
      <figcaption>
        <span className="name" title={name}>
          {name}
        </span>
        <button
          type="button"
          className="quiet"
          onClick={() => void remove(folder, photo.id)}
          aria-label={`Remove ${name}`}
        >
          ✕
        </button>
      </figcaption>
    </figure>
  );
}

function Progress({ job, name }: { readonly job: Job | undefined; readonly name: string }) {
  return (
    <>
      <p>{job?.status === 'running' ? 'Making thumbnails …' : 'Waits for its turn'}</p>
      <progress max={job?.total ?? 1} value={job?.done ?? 0} aria-label={`Thumbnails of ${name} in the gallery`} />
    </>
  );
}

function Large({
  folder,
  photo,
  close,
}: {
  readonly folder: string;
  readonly photo: Photo;
  readonly close: () => void;
}) {
  return (
    <>
      <img src={urlOf(folder, photo, 2)} alt={photo.name} />
      <p>
        {photo.name}, {photo.width} × {photo.height}
        <button type="button" onClick={close}>
          Close
        </button>
      </p>
    </>
  );
}

/** From the smallest to the largest: 0 to 2. */
function urlOf(folder: string, { thumbnails }: Photo, size: number): string | undefined {
  const thumbnail = thumbnails[size];
  return thumbnail && thumbnailUrl(folder, thumbnail);
}
