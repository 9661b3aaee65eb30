import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** Asks for an access token. Needs Java 17 or later: java GetToken.java */
public class GetToken {
    public static void main(String[] args) throws Exception {
        for (String name : new String[] {"TEPIN_URL", "TEPIN_CLIENT_ID", "TEPIN_CLIENT_SECRET"}) {
            if (System.getenv().getOrDefault(name, "").isEmpty()) {
                System.err.println("TEPIN_URL, TEPIN_CLIENT_ID and TEPIN_CLIENT_SECRET must be set");
                System.exit(1);
            }
        }
        // Client ids and secrets are letters, digits and underscores: nothing to escape.
        String body = """
                {
                  "grant_type": "client_credentials",
                  "audience": "https://chiligrafx.com",
                  "client_id": "%s",
                  "client_secret": "%s"
                }""".formatted(System.getenv("TEPIN_CLIENT_ID"), System.getenv("TEPIN_CLIENT_SECRET"));

        HttpRequest request = HttpRequest.newBuilder(URI.create(System.getenv("TEPIN_URL") + "/oauth/token"))
                .header("Content-Type", "application/json")
                .timeout(Duration.ofSeconds(10))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());

        if (answer.statusCode() != 200) {
            System.err.println(answer.statusCode() + ": " + answer.body());
            System.exit(1);
        }
        System.out.println(answer.body());
    }
}
