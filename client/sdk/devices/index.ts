/** The devices of one's own account. */
export { type ClaimOptions, claimDevice, DeviceClaim, type DeviceClaimEvents } from './device-claim.ts';
export { type AskingDevice, DeviceOffer, type DeviceOfferEvents } from './device-offer.ts';
export { type OwnDevice, OwnDevices, type OwnDevicesEvents } from './own-devices.ts';
