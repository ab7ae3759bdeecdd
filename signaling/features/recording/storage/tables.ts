/** A file of a recording that is in the bucket, is to be, or is to be deleted there. */
export interface RecordingFileRow {
  recording_id: string;
  /** In the recording's folder, and in the bucket under the recording's id. */
  name: string;
  room_id: string;
  bytes: number;
  /** `waiting`: to be uploaded. `stored`: the bucket has it, which was checked. `deleting`: nobody refers to it any more. */
  state: 'waiting' | 'stored' | 'deleting';
  /** 0 or 1: there is a copy in the folder that is to be removed once the bucket has the file and nothing needs the copy. */
  has_copy: number;
  /** Of an upload in parts that has begun. */
  upload_id: string | null;
  /** The checksums of what is uploaded, as JSON. */
  parts: string | null;
  /** 0: no upload has begun. */
  attempts: number;
  added_at_ms: number;
  /** Unix time in milliseconds. */
  next_attempt_ms: number;
}

declare module '../../../store/tables.ts' {
  interface Tables {
    recording_files: RecordingFileRow;
  }
}
