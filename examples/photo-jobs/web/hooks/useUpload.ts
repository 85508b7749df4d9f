import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Limits, type Refusal, upload } from '../api';
import { megabytes } from '../words';
import { addJobs } from './useJobs';

/** Sends photos to a folder, after a look at what the server would refuse anyhow. */
export function useUpload(folder: string, limits: Limits | undefined) {
  const queryClient = useQueryClient();
  const [refused, setRefused] = useState<readonly Refusal[]>([]);
  const sending = useMutation({
    mutationFn: async (files: readonly File[]) => {
      const { send, keep } = sorted(files, limits);
      setRefused(keep);
      if (send.length === 0) return;
      const answer = await upload(folder, send);
      addJobs(queryClient, answer.jobs);
      setRefused([...keep, ...answer.refused]);
    },
    onError: ({ message }) => setRefused((known) => [...known, { name: 'The upload', detail: message }]),
  });
  return {
    send: (files: readonly File[]) => files.length > 0 && sending.mutate(files),
    sending: sending.isPending ? sending.variables.length : 0,
    refused,
    dismiss: () => setRefused([]),
  };
}

function sorted(files: readonly File[], limits: Limits | undefined): { send: File[]; keep: Refusal[] } {
  const send: File[] = [];
  const keep: Refusal[] = [];
  for (const file of files) {
    const detail = limits && objection(file, send, limits);
    if (detail) keep.push({ name: file.name, detail });
    else send.push(file);
  }
  return { send, keep };
}

function objection(file: File, before: readonly File[], limits: Limits): string | undefined {
  // A file whose kind the browser doesn't know is for the server to look into.
  if (file.type && !limits.formats.includes(file.type)) return 'it is not JPEG, PNG or WebP: save it as one of these';
  if (file.size > limits.photo_bytes_max)
    return `a photo may have ${megabytes(limits.photo_bytes_max)}: make it smaller`;
  if (before.length >= limits.photos_per_upload_max) {
    return `an upload takes ${limits.photos_per_upload_max} photos: send the others in another`;
  }
  const sum = before.reduce((sum, { size }) => sum + size, file.size);
  if (sum > limits.upload_bytes_max)
    return `an upload takes ${megabytes(limits.upload_bytes_max)}: send the others in another`;
}
