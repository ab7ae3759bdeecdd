import { z } from 'zod';
import { flag, port, text } from './values.ts';

/** The REST API with client certificates. */
export const apiSection = z
  .strictObject({
    clientCa: text
      .optional()
      .describe(
        'File with the authorities (PEM) whose client certificates are accepted on `api.port`. If it is set, the REST API works there, and on `server.port` only for programs on this machine. Reloaded when it changes. Default: no such port.',
      ),
    port: port
      .default(8444)
      .describe(
        'TCP port, on `server.host`, for the REST API with client certificates; needs `api.clientCa`. 0 picks a free one.',
      ),
    console: flag
      .default(true)
      .describe(
        'Whether administrators may use the REST API from the page (the console), with a key that ends with their connection. It works on `server.port` also with `api.clientCa`.',
      ),
  })
  .prefault({});
