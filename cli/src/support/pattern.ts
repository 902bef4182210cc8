/** A pattern of whole texts in which `*` stands for any text. */
export const wildcard = (pattern: string): RegExp => new RegExp(`^${pattern.split(/\*+/).map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('[^]*')}$`);
