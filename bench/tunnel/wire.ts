// What client and application of the bench say to each other: HTTP/1.1 of fixed sizes, and two words for transfers.

const REQUEST = Buffer.from('GET /orders/42 HTTP/1.1\r\nhost: orders.team-a\r\naccept: */*\r\nx-dev: me\r\n\r\n');
const BODY = JSON.stringify({ order: 42, items: ['tea', 'cups'] });

export const REQUEST_BYTES = REQUEST.length;
export { REQUEST };
export const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
);
/** Followed by the number of bytes to send, and a line feed. */
export const DOWNLOAD_REQUEST = 'DOWNLOAD ';
/** Followed by the number of bytes, a line feed, and the bytes; answered with a word, as not every way has half-close. */
export const UPLOAD_REQUEST = 'UPLOAD ';
export const UPLOAD_ANSWER = 'done';
