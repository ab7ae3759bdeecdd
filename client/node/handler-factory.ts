import type { HandlerFactory } from 'mediasoup-client/handlers/HandlerInterface';
import { nativeRtpCapabilities } from './capabilities.ts';
import { HANDLER_NAME, NodeHandler } from './handler.ts';

/** What to give mediasoup-client's `Device` (or the SDK) as `handlerFactory` to do WebRTC in Node. */
export function createHandlerFactory(): HandlerFactory {
  return {
    name: HANDLER_NAME,
    factory: (options) => new NodeHandler(options),
    getNativeRtpCapabilities: async ({ direction }) => nativeRtpCapabilities(direction),
  };
}
