export { registerWithApiKey, type ZodInstance } from './api-key.ts';
export { createApp } from './app.ts';
export { failed } from './error-response.ts';
export { admitForeignPages } from './foreign-pages.ts';
export { Listener } from './listener.ts';
export { defaultPublicUrl, OwnOrigins } from './origins.ts';
export { registerServerRoutes } from './server-routes.ts';
export { TlsSource } from './tls.ts';
export { readTlsFiles } from './tls-files.ts';
