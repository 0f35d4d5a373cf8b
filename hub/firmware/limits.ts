/** The longest image that is taken, kept and handed on. */
export const MOST_IMAGE_BYTES = 32 * 1024 * 1024;
/** So many images travel at once by one server; the next device is told to come again. */
export const MOST_DOWNLOADS = 16;
