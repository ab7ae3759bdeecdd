export { CaptionServer } from './caption-server.ts';
export { loadModel } from './load-model.ts';
