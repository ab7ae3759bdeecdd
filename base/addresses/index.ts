/** IP addresses: their kinds, bytes and networks. */
export { addressBytes, isLoopback, isUnspecified, networkOf, urlHost } from './addresses.ts';
