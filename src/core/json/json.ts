/** A JSON value that nobody changes. */
export type JsonValue = string | number | boolean | null | JsonArray | JsonObject

/** A JSON array that nobody changes. */
export type JsonArray = readonly JsonValue[]

/** A JSON object that nobody changes. */
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/**
 * Takes a value as the JSON that it is. Interfaces need this: unlike other types, TypeScript does not take them for
 * objects of which any property may be asked.
 */
export function asJson<T extends object>(value: T): T extends readonly unknown[] ? JsonArray : JsonObject {
  return value as T extends readonly unknown[] ? JsonArray & T : JsonObject & T
}
