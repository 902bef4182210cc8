import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** Reads pairs of a pattern and an event, one of JSON a line; prints for each whether EventBridge matches it, or why the pattern is refused. */
class Ruler {
  public static void main(String[] arguments) throws Exception {
    var json = new ObjectMapper();
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = lines.readLine()) != null; ) {
      JsonNode pair = json.readTree(line);
      System.out.println(json.writeValueAsString(match(pair.get("pattern").toString(), pair.get("event").toString())));
    }
  }

  private static Object match(String pattern, String event) {
    try {
      return software.amazon.event.ruler.Ruler.matchesRule(event, pattern);
    } catch (Exception error) {
      return error.getMessage();
    }
  }
}
