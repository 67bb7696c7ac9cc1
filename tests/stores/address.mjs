export const addressOf = (port) => ({ host: "127.0.0.1", port, user: "postgres", database: "postgres" });
