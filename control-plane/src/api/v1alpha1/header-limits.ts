// What a header condition may be. Apart from the schema, so that a command reads its flags without loading schemas.

/** Upper bound of header conditions in one intercept; more is a mistake, and each costs every request a comparison. */
export const MAX_HEADER_MATCHES = 16;

/** RFC 9110 section 5.6.2 (token), in lower case. */
export const HEADER_NAME_PATTERN = "^[a-z0-9!#$%&'*+.^_`|~-]+$";
export const MAX_HEADER_NAME_LENGTH = 256;

/** RFC 9110 section 5.5, for Go and JavaScript alike: no control characters, which would reach people's terminals. */
export const HEADER_VALUE_PATTERN = '^[^\\x00-\\x08\\x0a-\\x1f\\x7f-\\x9f]+$';
export const MAX_HEADER_VALUE_LENGTH = 4096;
