/** A message that is not part of the contract: the bundle and the kernel's package are of different versions. */
export class CommError extends Error {}

/**
 * Reads one value of a message: returns it, or throws a CommError that says what was expected.
 *
 * @template T
 * @typedef {(value: unknown) => T} Reader
 */

/** @type {Reader<string>} */
export function text(value) {
  if (typeof value !== "string") throw unexpected("a string", value);
  return value;
}

/** @type {Reader<boolean>} */
export function flag(value) {
  if (typeof value !== "boolean") throw unexpected("true or false", value);
  return value;
}

/** @type {Reader<number>} */
export function number(value) {
  if (typeof value !== "number") throw unexpected("a number", value);
  return value;
}

/** @type {Reader<number>} */
export function count(value) {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw unexpected("a count", value);
  return value;
}

/** @type {Reader<Record<string, unknown>>} */
export function object(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw unexpected("an object", value);
  return /** @type {Record<string, unknown>} */ (value);
}

/** @type {Reader<unknown>} */
export const anything = (value) => value;

/**
 * @template T
 * @param {Reader<T>} read
 * @returns {Reader<T | null>}
 */
export const orNull = (read) => (value) => (value === null ? null : read(value));

/**
 * @template T
 * @param {Reader<T>} read
 * @returns {Reader<T[]>}
 */
export function listOf(read) {
  return (value) => {
    if (!Array.isArray(value)) throw unexpected("an array", value);
    return value.map(read);
  };
}

/**
 * Reads the fields of an object by a table; other fields are left out.
 *
 * @param {Record<string, Reader<unknown>>} readers
 * @param {{optional?: boolean}} [options] optional: a field may be missing
 * @returns {Reader<Record<string, any>>}
 */
export function fieldsOf(readers, { optional = false } = {}) {
  return (value) => {
    const fields = object(value);
    const names = Object.keys(readers).filter((name) => !optional || Object.hasOwn(fields, name));
    return Object.fromEntries(names.map((name) => [name, readField(name, fields[name], readers[name] ?? anything)]));
  };
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {Reader<unknown>} read
 */
function readField(name, value, read) {
  try {
    return read(value);
  } catch (error) {
    if (error instanceof CommError) error.message += ` in ${name}`;
    throw error;
  }
}

/**
 * @param {string} expected
 * @param {unknown} value
 */
function unexpected(expected, value) {
  return new CommError(`expected ${expected}, got ${JSON.stringify(value) ?? "nothing"}`);
}
