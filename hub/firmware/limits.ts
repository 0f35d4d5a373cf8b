/** The longest image that is taken, kept and handed on. */
export const MOST_IMAGE_BYTES = 32 * 1024 * 1024;
