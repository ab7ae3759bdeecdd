import {
  newStreamKey,
  nothing,
  objectId,
  roomParams,
  streamKeyList,
  streamKeyRequest,
} from '../../../contract/index.ts';
import { errorResponses, type Kernel, OPERATOR } from '../../kernel/index.ts';
import type { KeyAdministration } from './key-administration.ts';

/** Routes for administrators: make, list and revoke stream keys. */
export function registerKeyRoutes(kernel: Kernel, administration: KeyAdministration): void {
  kernel.adminRoutes('stream.administer', (app) => {
    app.post(
      '/api/rooms/:roomId/stream-keys',
      {
        config: { act: 'stream.createKey' },
        schema: {
          description:
            'Makes a key with which a program sends into the room (WHIP) or watches it (WHEP). Its secret is in this answer only.',
          params: roomParams,
          body: streamKeyRequest,
          response: { 200: newStreamKey, ...errorResponses },
        },
      },
      ({ params, body }) => administration.create(OPERATOR, params.roomId, body),
    );
    app.get(
      '/api/rooms/:roomId/stream-keys',
      {
        schema: {
          description: 'The room’s valid stream keys, oldest first, without their secrets.',
          params: roomParams,
          response: { 200: streamKeyList, ...errorResponses },
        },
      },
      ({ params }) => administration.list(OPERATOR, params.roomId),
    );
    app.delete(
      '/api/rooms/:roomId/stream-keys/:keyId',
      {
        config: { act: 'stream.revokeKey' },
        schema: {
          description: 'Revokes a stream key. What uses it ends at once.',
          params: roomParams.extend({ keyId: objectId }),
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params }) => {
        await administration.revoke(OPERATOR, params.keyId, params.roomId);
        return {};
      },
    );
  });
}
