// As openapi-typescript writes it, but for what the recipe does not use.

export interface paths {
  "/notes/{id}": {
    put: {
      parameters: { path: { id: string } };
      requestBody: { content: { "application/json": { text: string } } };
      responses: { 200: { content: { "application/json": { saved: boolean } } } };
    };
  };
}
