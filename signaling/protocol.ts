/** The whole wire protocol, without any server code: for the SDK's package. */
export * from '../contract/index.ts';
export { EVENTS, REQUESTS } from './features/contracts.ts';
