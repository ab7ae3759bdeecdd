export { registerWithApiKey, type ZodInstance } from './api-key.ts';
export { createApp } from './app.ts';
export { admitForeignPages } from './foreign-pages.ts';
export { Listener } from './listener.ts';
export { errorResponses } from './openapi.ts';
export { defaultPublicUrl, OwnOrigins } from './origins.ts';
export { registerServerRoutes } from './server-routes.ts';
export { readTlsFiles } from './tls-files.ts';
export { openTlsSource, TlsSource } from './tls-source.ts';
