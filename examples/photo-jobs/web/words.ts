const MIB = 1024 * 1024;

export const megabytes = (bytes: number): string =>
  `${new Intl.NumberFormat('en', { maximumFractionDigits: bytes < 10 * MIB ? 1 : 0 }).format(bytes / MIB)} MiB`;

export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;
