// The documentation of /api/v1, from this machine's own bundle.
import SwaggerUIBundle from 'swagger-ui-dist/swagger-ui-bundle.js';

SwaggerUIBundle({url: document.getElementById('docs').dataset.schema, dom_id: '#docs', deepLinking: true, validatorUrl: null, tryItOutEnabled: false});
