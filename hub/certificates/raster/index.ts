export { type Rasteriser, type RasteriserOptions, externalRasteriser } from './rasteriser.ts';
