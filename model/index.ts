export * from './component';
export * from './environment';
export * from './expiry';
export * from './layout';
export * from './manifest';
export * from './metrics';
export * from './outcome';
