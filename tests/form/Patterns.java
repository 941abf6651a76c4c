import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.regex.Pattern;

/**
 * What Java says of patterns, as JavaRosa's regex() asks it. Reads "pattern, tab, text", each in UTF-16
 * hexadecimal digits, in each line of its input and answers with "true", "false" or "error".
 */
public class Patterns {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        String line;
        while ((line = in.readLine()) != null) {
            String[] parts = line.split("\t", -1);
            String told;
            try {
                told = String.valueOf(Pattern.matches(read(parts[0]), read(parts[1])));
            } catch (RuntimeException | StackOverflowError wrong) {
                told = "error";
            }
            out.println(told);
        }
        out.flush();
    }

    private static String read(String digits) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < digits.length(); i += 4) {
            text.append((char) Integer.parseInt(digits.substring(i, i + 4), 16));
        }
        return text.toString();
    }
}
