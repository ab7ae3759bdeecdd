/** The models of views that are loaded when they are first shown. They are not in ../index.ts, since what is there is loaded first. */
export { Watched } from '../basics/watched.ts';
export { CallEncryption } from '../call/call-encryption.ts';
export { LiveStreaming } from '../call/live-streaming.ts';
export { Streaming } from '../call/streaming.ts';
export { DeviceAdding } from '../identity/device-adding.ts';
export { OwnDeviceList } from '../identity/own-device-list.ts';
export { AddressBookModel } from '../people/address-book.ts';
export { exportContacts, type ImportReport, importContacts } from '../people/contact-files.ts';
export { OwnPhoneList } from '../people/own-phone-list.ts';
export { type Chapter, chaptersOf } from '../recordings/chapters.ts';
export { Playback, type PlayedTrack } from '../recordings/playback.ts';
export { playedTracks } from '../recordings/played-tracks.ts';
export { RecentRecordings } from '../recordings/recent-recordings.ts';
