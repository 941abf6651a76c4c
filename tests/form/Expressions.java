import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.condition.EvaluationContext;
import org.javarosa.core.model.instance.FormInstance;
import org.javarosa.core.model.instance.InstanceInitializationFactory;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.model.xform.XFormsModule;
import org.javarosa.xform.util.XFormUtils;
import org.javarosa.xpath.XPathNodeset;
import org.javarosa.xpath.XPathParseTool;
import org.javarosa.xpath.expr.XPathFuncExpr;
import org.javarosa.xpath.expr.XPathPathExpr;

/**
 * What JavaRosa makes of expressions. Argument: an XForm. Reads "path, tab, expression" in each line of
 * its input and answers each with a line: its value as text, of a set of nodes all their values, or
 * "error".
 */
public class Expressions {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        System.setOut(new PrintStream(OutputStream.nullOutputStream()));
        new XFormsModule().registerModule();
        FormDef form = XFormUtils.getFormFromInputStream(
            new ByteArrayInputStream(Files.readAllBytes(Path.of(args[0]))));
        form.initialize(true, new InstanceInitializationFactory());
        FormInstance data = form.getMainInstance();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        String line;
        while ((line = in.readLine()) != null) {
            String[] parts = line.split("\t", 2);
            TreeReference here =
                ((XPathPathExpr) XPathParseTool.parseXPath(parts[0])).getReference();
            String told;
            try {
                Object value = XPathParseTool.parseXPath(parts[1])
                    .eval(data, new EvaluationContext(form.getEvaluationContext(), here));
                told = parts[1].startsWith("randomize(")
                    ? all((XPathNodeset) value) : XPathFuncExpr.toString(value);
            } catch (Exception | LinkageError wrong) {
                told = "error";
            }
            out.print(told + "\n");
            out.flush();
        }
    }

    private static String all(XPathNodeset nodes) {
        StringBuilder values = new StringBuilder();
        for (Object value : nodes.toArgList()) values.append(XPathFuncExpr.toString(value)).append(' ');
        return values.toString().trim();
    }
}
