/** Stages of joining that are timed from the opening of the connection. */
export type JoinStage =
  | 'authenticated'
  | 'joined'
  | 'transport_created'
  | 'media_connected'
  | 'first_producer'
  | 'first_consumer';
