// The output of openapi-typescript, reduced to what the recipe uses.

export interface paths {
  "/notes/{id}": {
    put: {
      parameters: { path: { id: string } };
      requestBody: { content: { "application/json": { text: string } } };
      responses: { 200: { content: { "application/json": { saved: boolean } } } };
    };
  };
}
