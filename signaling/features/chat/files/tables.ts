export interface ChatFileRow {
  /** Also its name in the folder `files`. */
  file_id: string;
  room_id: string;
  account_id: string;
  /** In bytes, before encryption. */
  size: number;
  /** The message that it belongs to; null: not sent yet. */
  seq: number | null;
  /** 1 once all bytes are on disk. */
  complete: number;
  /** Its own key, encrypted with the server's; base64. */
  key: string;
  /** Which of the server's keys that was. */
  key_id: string;
  /** Encrypted with its own key; base64. */
  thumbnail: string | null;
  created_at_ms: number;
}

declare module '../../../store/tables.ts' {
  interface Tables {
    chat_files: ChatFileRow;
  }
}
