import type { HandlerFactory } from 'mediasoup-client/handlers/HandlerInterface';
import { nativeRtpCapabilities } from './capabilities.ts';
import { HANDLER_NAME, NodeHandler, type NodeHandlerOptions } from './handler.ts';

/** The `handlerFactory` for mediasoup-client's `Device` (or the SDK) that implements WebRTC in Node. */
export function createHandlerFactory(options: NodeHandlerOptions = {}): HandlerFactory {
  return {
    name: HANDLER_NAME,
    factory: (handlerOptions) => new NodeHandler(handlerOptions, options),
    getNativeRtpCapabilities: async ({ direction }) => nativeRtpCapabilities(direction),
  };
}
